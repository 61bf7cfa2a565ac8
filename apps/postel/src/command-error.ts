/** It did not work, and the message tells the person what to do about it. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  /** 1; of a command to which 1 says something else, 2; of `sendmail`, one of sysexits.h. */
  readonly exitCode: number;

  constructor(message: string, { exitCode = 1, ...options }: ErrorOptions & { readonly exitCode?: number } = {}) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** The command line makes no sense. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
