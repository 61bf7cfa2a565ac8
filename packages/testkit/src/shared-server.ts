import type { DatabaseTarget } from '@postel/config';

/** The server that a test run shares, as global-setup.ts tells the test files of it. */
interface SharedServer {
  readonly dataDirectory: string;
  readonly database: DatabaseTarget;
  /** Why the mail servers do not run, if they do not; the database does in any case. */
  readonly problem: string | null;
}

declare module 'vitest' {
  interface ProvidedContext {
    postelServer: SharedServer;
  }
}
