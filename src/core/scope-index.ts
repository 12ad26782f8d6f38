import { literalPrefixes, overlaps } from './scope.ts';
import type { Pattern } from './scope.ts';

interface Entry {
  readonly holder: string;
  readonly pattern: Pattern;
}

interface Node {
  readonly children: Map<string, Node>;
  readonly here: Entry[];
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
        const entry = this.#firstNear(prefix, ours);
        if (entry !== null) return { holder: entry.holder, theirs: entry.pattern.text, ours: ours.text };
      }
    }
    return null;
  }

  /** True where no holder can meet this plain path: most candidates, which then need not be read as patterns. */
  isFarFrom(path: string): boolean {
    let node = this.#root;
    for (let start = 0; start !== -1;) {
      if (node.here.length > 0) return false;
      const slash = path.indexOf('/', start);
      const child = node.children.get(path.slice(start, slash === -1 ? path.length : slash).toLowerCase());
      if (child === undefined) return true;
      node = child;
      start = slash === -1 ? -1 : slash + 1;
    }
    return false;
  }

  #firstNear(prefix: readonly string[], ours: Pattern): Entry | null {
    let node = this.#root;
    for (const segment of prefix) {
      const entry = firstOf(node, ours);
      if (entry !== null) return entry;
      const child = node.children.get(segment);
      if (child === undefined) return null;
      node = child;
    }
    return firstBelow(node, ours);
  }
}

function firstOf(node: Node, ours: Pattern): Entry | null {
  for (const entry of node.here) if (overlaps(entry.pattern, ours)) return entry;
  return null;
}

function firstBelow(node: Node, ours: Pattern): Entry | null {
  const entry = firstOf(node, ours);
  if (entry !== null) return entry;
  for (const child of node.children.values()) {
    const below = firstBelow(child, ours);
    if (below !== null) return below;
  }
  return null;
}
