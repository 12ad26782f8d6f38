/** What git made of a lane is not what the lane holds, or the lane is not what it must be to be read. */
export class IntegrityError extends Error {
  readonly code = 'integrity';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'IntegrityError';
  }
}
