import { impossible } from './impossible.ts';

/** What is held for a while: every start, the starts of one area or of one agent, or landing. */
export type PauseSubject =
  | { readonly of: 'all' }
  | { readonly of: 'train' }
  | { readonly of: 'area'; readonly name: string }
  | { readonly of: 'agent'; readonly name: string };

/** Unlike a stop it does not end a run: what it holds goes on in the same run once it is taken away. */
export interface Pause {
  readonly subject: PauseSubject;
  readonly by: string;
  readonly why: string;
  readonly atMs: number;
}

/** `all`, `train`, `area:NAME`, `agent:NAME`: what rows and events call it. */
export function pauseKey(subject: PauseSubject): string {
  return 'name' in subject ? `${subject.of}:${subject.name}` : subject.of;
}

/** The opposite of {@link pauseKey}; null for what none of this version has written. */
export function parsePauseKey(key: string): PauseSubject | null {
  if (key === 'all' || key === 'train') return { of: key };
  const [of = '', ...rest] = key.split(':');
  const name = rest.join(':');
  return (of === 'area' || of === 'agent') && name !== '' ? { of, name } : null;
}

/** As the subject of a sentence in the singular. */
export function describePauseSubject(subject: PauseSubject): string {
  switch (subject.of) {
    case 'all':
      return 'the yard';
    case 'train':
      return 'the train';
    case 'area':
      return `the area ${subject.name}`;
    case 'agent':
      return `the agent ${subject.name}`;
    default:
      throw impossible(subject satisfies never);
  }
}

/** What takes it away again. */
export function resumeCommand(subject: PauseSubject): string {
  switch (subject.of) {
    case 'all':
      return 'yard resume';
    case 'train':
      return 'yard resume train';
    case 'area':
    case 'agent':
      return `yard resume ${subject.of} ${subject.name}`;
    default:
      throw impossible(subject satisfies never);
  }
}
