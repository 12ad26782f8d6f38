import { literalPrefixes, overlaps } from './scope.ts';
import type { Pattern } from './scope.ts';

interface Node {
  readonly children: Map<string, Node>;
  readonly here: { readonly holder: string; readonly pattern: Pattern }[];
}

/**
 * Who holds which paths, so that a candidate is compared only with holders that it can meet: a trie over the literal
 * first segments of the patterns. Ten thousand candidates against sixty-four holders is then no work.
 */
export class ScopeIndex {
  readonly #root: Node = { children: new Map(), here: [] };

  add(holder: string, patterns: readonly Pattern[]): void {
    for (const pattern of patterns) {
      for (const prefix of literalPrefixes(pattern)) {
        let node = this.#root;
        for (const segment of prefix) {
          let child = node.children.get(segment);
          if (child === undefined) {
            child = { children: new Map(), here: [] };
            node.children.set(segment, child);
          }
          node = child;
        }
        node.here.push({ holder, pattern });
      }
    }
  }

  /** The first holder whose patterns overlap one of these, and the two patterns that meet. */
  firstOverlap(patterns: readonly Pattern[]): { holder: string; theirs: string; ours: string } | null {
    for (const ours of patterns) {
      for (const prefix of literalPrefixes(ours)) {
        for (const entry of this.#near(prefix)) {
          if (overlaps(entry.pattern, ours))
            return { holder: entry.holder, theirs: entry.pattern.text, ours: ours.text };
        }
      }
    }
    return null;
  }

  *#near(prefix: readonly string[]): Iterable<Node['here'][number]> {
    let node: Node | undefined = this.#root;
    for (const segment of prefix) {
      yield* node.here;
      node = node.children.get(segment);
      if (node === undefined) return;
    }
    yield* everythingBelow(node);
  }
}

function* everythingBelow(node: Node): Iterable<Node['here'][number]> {
  yield* node.here;
  for (const child of node.children.values()) yield* everythingBelow(child);
}
