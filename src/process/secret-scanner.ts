import { rules } from '@secretlint/secretlint-rule-preset-recommend';

import type { Found, SecretFinder } from '../core/redact.ts';

/*
 * The rules of secretlint, without its engine: that one is asynchronous, keeps a record of each run for ever, and obeys
 * comments in the text (docs/adr/0010-rules-of-secretlint-without-its-engine.md). Invariants:
 * 1. Nothing is read but the text that is given: the rules see no path, and so none of them opens a file.
 * 2. No comment in a text turns a rule off: whoever wrote the text may be who put the secret there.
 */

/** The part of secretlint's types (`@secretlint/types`) that the rules use. */
interface Rule {
  readonly meta: { readonly id: string; readonly supportedContentTypes: readonly string[] };
  create(context: RuleContext, options: object): { file(source: Source): unknown };
}

interface RuleContext {
  readonly sharedOptions: object;
  createTranslator(messages: object): (id: string, props?: object) => object;
  report(descriptor: { readonly range: readonly [number, number] }): void;
  ignore(): void;
}

interface Source {
  readonly content: string;
  readonly filePath: undefined;
  readonly ext: string;
  readonly contentType: 'text';
}

const PREFIX = '@secretlint/secretlint-rule-';
/** For comments that turn rules off. */
const COMMENTS = `${PREFIX}filter-comments`;
/**
 * What these find is often no secret: an example in a document, the database of a test. It is hidden where it is shown,
 * and may be committed.
 */
const DOUBTFUL: ReadonlySet<string> = new Set(['basicauth', 'database-connection-string']);
/** Of a key that was cut: secretlint wants the whole of it. */
const KEY_PART =
  /-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----(?:(?:\s|\\[nr]){1,8}[A-Za-z0-9+/=]{16,256}){1,400}/g;
/** No token is shorter, and most texts that are looked at are. */
const LENGTH_MIN = 16;

/** Whether what the rule finds is nearly always a secret. */
export function isCertain(found: Found): boolean {
  return found.kind === 'named' || (found.kind === 'rule' && !DOUBTFUL.has(found.label));
}

/** Finds tokens of well-known services, private keys and passwords in addresses. Labels are the names of the rules. */
export function scanner(): SecretFinder {
  let found: Found[] = [];
  const running = (rules as unknown as readonly Rule[])
    .filter(({ meta }) => meta.id !== COMMENTS && meta.supportedContentTypes.includes('text'))
    .map((rule) => {
      const label = rule.meta.id.slice(PREFIX.length);
      const context: RuleContext = {
        sharedOptions: {},
        createTranslator: () => () => ({}),
        report: ({ range: [start, end] }) => found.push({ start, end, label, kind: 'rule' }),
        ignore: () => {
          throw new Error(`the rule ${label} means to ignore a text`);
        },
      };
      return rule.create(context, {});
    });
  return (content) => {
    if (content.length < LENGTH_MIN) return [];
    found = [];
    const source: Source = { content, filePath: undefined, ext: '', contentType: 'text' };
    for (const rule of running) {
      // A rule that answers later has found nothing yet: its text would pass as clean.
      if (rule.file(source) instanceof Promise) throw new Error('a rule of the secret scanner does not answer at once');
    }
    for (const {
      index,
      0: { length },
    } of content.matchAll(KEY_PART)) {
      found.push({ start: index, end: index + length, label: 'privatekey', kind: 'rule' });
    }
    return found;
  };
}
