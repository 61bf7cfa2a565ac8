/** It did not work, and the message tells the person what to do about it. Exit code 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** The command line makes no sense. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
