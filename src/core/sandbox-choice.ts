import { impossible } from './impossible.ts';

/** What holds an agent, a gate or a prewarm. */
export type SandboxKind = 'none' | 'bubblewrap' | 'container';

/** What the operator asks for: a kind, or the best that works. */
export type SandboxWish = 'auto' | SandboxKind;

/** Whether a kind works on this machine, found out by using it. */
export type Support =
  | {
      readonly kind: 'works';
      /** Absolute path. */ readonly program: string;
      /** Name and version. */ readonly what: string;
    }
  | { readonly kind: 'missing'; /** A whole sentence's end: "bwrap is not installed". */ readonly why: string };

/** A program that runs containers, and how it is asked. */
export interface ContainerEngine {
  /** Absolute path. */
  readonly program: string;
  /** What it is, whatever it is called: `docker` may be podman. */
  readonly flavour: 'docker' | 'podman';
  /** Its containers have no more rights than the user who starts them. */
  readonly rootless: boolean;
  /** What it must find in its environment: where its socket is, which context counts. */
  readonly environment: Readonly<Record<string, string>>;
}

export type ContainerSupport =
  | (Extract<Support, { kind: 'works' }> & ContainerEngine)
  | Extract<Support, { kind: 'missing' }>;

export interface SandboxSupport {
  readonly bubblewrap: Support;
  /** Looked for only when the configuration names it. */
  readonly container: ContainerSupport;
  /** Overlays for the cells of bubblewrap, on the disk of the state directory. */
  readonly overlay: Support;
}

export type SandboxChoice =
  | {
      readonly kind: 'chosen';
      readonly sandbox: SandboxKind;
      /** Why it is less than was hoped for. */ readonly why: string | null;
    }
  | { readonly kind: 'unavailable'; readonly why: string };

/** `auto` takes bubblewrap where it works, and nothing otherwise; what is asked for by name is had or refused. */
export function chooseSandbox(wish: SandboxWish, support: SandboxSupport): SandboxChoice {
  const chosen = (sandbox: SandboxKind, why: string | null = null): SandboxChoice => ({ kind: 'chosen', sandbox, why });
  switch (wish) {
    case 'none':
      return chosen('none');
    case 'auto':
      return support.bubblewrap.kind === 'works' ? chosen('bubblewrap') : chosen('none', support.bubblewrap.why);
    case 'bubblewrap':
    case 'container': {
      const found = support[wish];
      return found.kind === 'works' ? chosen(wish) : { kind: 'unavailable', why: found.why };
    }
    default:
      throw impossible(wish satisfies never);
  }
}
