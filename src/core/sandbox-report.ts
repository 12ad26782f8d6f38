import type { CellPolicy } from './cell-policy.ts';
import { chooseSandbox } from './sandbox-choice.ts';
import type { SandboxKind, SandboxSupport } from './sandbox-choice.ts';

export interface NamedPolicy {
  /** What it is the policy of: `agents.default`, `gates.quick`, `prewarm`. */
  readonly name: string;
  readonly policy: CellPolicy;
}

export interface SandboxReport {
  /** In use, with who is held by each. */
  readonly used: ReadonlyMap<SandboxKind, readonly string[]>;
  /** Why `auto` came to nothing; null where it did not. */
  readonly weakened: string | null;
  /** What cannot be had as it was asked for. */
  readonly problems: readonly { readonly name: string; readonly why: string }[];
}

/** What the policies come to on this machine. */
export function reportSandboxes(policies: readonly NamedPolicy[], support: SandboxSupport): SandboxReport {
  const used = new Map<SandboxKind, string[]>();
  const problems: { name: string; why: string }[] = [];
  let weakened: string | null = null;
  for (const { name, policy } of policies) {
    const choice = chooseSandbox(policy.kind, support);
    if (choice.kind === 'unavailable') {
      problems.push({ name, why: choice.why });
      continue;
    }
    weakened ??= choice.why;
    used.set(choice.sandbox, [...(used.get(choice.sandbox) ?? []), name]);
    const unkept = choice.sandbox === 'none' ? unkeptNetwork(policy) : null;
    if (unkept !== null) {
      const because = choice.why === null ? '' : ` (${choice.why})`;
      problems.push({ name, why: `without a sandbox nothing keeps it ${unkept}${because}` });
    }
    if (choice.sandbox === 'container' && policy.image === null)
      problems.push({ name, why: 'a container needs an image' });
  }
  return { used, weakened, problems };
}

/** What was asked of the network, and takes a sandbox. That gates have none unless it is said is a wish. */
function unkeptNetwork({ network, networkAsked }: CellPolicy): string | null {
  if (typeof network === 'object') return 'to the hosts that its network names';
  return network === 'none' && networkAsked ? 'from the network, as its network: none asks' : null;
}

/** One line: `bubblewrap 0.8.0 for agents.default and gates.default; none for prewarm (…)`. */
export function describeSandboxes({ used, weakened }: SandboxReport, support: SandboxSupport): string {
  const parts = [...used].map(([kind, names]) => {
    const found = kind === 'none' ? null : support[kind];
    const what = found?.kind === 'works' ? found.what : kind;
    return `${what} for ${names.join(', ')}`;
  });
  return parts.join('; ') + (weakened === null ? '' : ` (${weakened})`);
}
