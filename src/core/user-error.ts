/** Where in a file of the user's something is wrong; lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

export interface UserErrorParts {
  /** Stable, kebab-case; what tests and `--json` consumers match. */
  readonly code: string;
  /** One sentence: what happened, and where. */
  readonly message: string;
  /** What to do next. */
  readonly hint?: string;
  readonly place?: Place;
  /** Process exit code; 2 (usage, bad input) unless said. */
  readonly exitCode?: number;
  readonly cause?: unknown;
}

/** Something that a person can mend. Printed without a stack; everything else that is thrown is a bug. */
export class UserError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly place: Place | undefined;
  readonly exitCode: number;

  constructor(parts: UserErrorParts) {
    super(parts.message, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.name = 'UserError';
    this.code = parts.code;
    this.hint = parts.hint;
    this.place = parts.place;
    this.exitCode = parts.exitCode ?? 2;
  }
}

/** Matches by shape, not by class, so that two copies of the package understand each other. */
export function isUserError(error: unknown): error is UserError {
  return error instanceof Error && error.name === 'UserError' && 'code' in error && 'exitCode' in error;
}

/** `file:line:column`, as far as it is known. */
export function formatPlace(place: Place): string {
  return [place.file, place.line, place.line === undefined ? undefined : place.column]
    .filter((part) => part !== undefined)
    .join(':');
}
