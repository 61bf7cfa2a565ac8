/** Who changes the directory, and by which door. What is kept of it: docs/operations.md, Who changed what. */
export type Actor =
  /** Somebody with a shell on a host: the user that a command line runs as. */
  | { readonly type: 'operator'; readonly user: string; readonly host: string }
  /** Somebody who logged in. */
  | {
      readonly type: 'account';
      readonly account: string;
      readonly service: 'imap' | 'web';
      readonly clientAddress: string;
    }
  /** A program, by a token of the API that an account made. */
  | { readonly type: 'token'; readonly account: string; readonly token: string; readonly clientAddress: string }
  /** The server itself, for a task of its own. */
  | { readonly type: 'server'; readonly task: string };

/** By which door a change came. */
export type Door = 'command' | 'imap' | 'web' | 'api' | 'server';

/** An actor as the log of changes has it. */
export interface ActorRecord {
  readonly door: Door;
  /** A user of the system, an account, or a task of the server. */
  readonly actor: string;
  /** What the account's owner calls the token; null: none was used. */
  readonly token: string | null;
  /** A host for a command line, else an address; null for the server itself. */
  readonly origin: string | null;
}

export function recordOf(actor: Actor): ActorRecord {
  switch (actor.type) {
    case 'operator':
      return { door: 'command', actor: actor.user, token: null, origin: actor.host };
    case 'account':
      return { door: actor.service, actor: actor.account, token: null, origin: actor.clientAddress };
    case 'token':
      return { door: 'api', actor: actor.account, token: actor.token, origin: actor.clientAddress };
    case 'server':
      return { door: 'server', actor: actor.task, token: null, origin: null };
    default:
      return actor satisfies never;
  }
}
