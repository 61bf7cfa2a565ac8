import type { Arguments } from '@postel/imap-wire';
import type { ResponseCode } from './response-code.ts';
import type { Session } from './session.ts';

/** When a command is legal (RFC 9051 §3). `authenticated` includes the selected state. */
type CommandState = 'any' | 'not-authenticated' | 'authenticated' | 'selected';

/** The tagged OK that ends a command. */
export interface Ok {
  readonly code: ResponseCode | null;
  readonly text: string;
}

export interface Command<Args> {
  /** As the client writes it, in upper case; `UID FETCH` for the UID form. */
  readonly name: string;
  readonly state: CommandState;
  /** Whether the literal that comes next is a message, to be streamed, or refused by `parse`; may read the arguments before it. */
  takesMessage?(args: Arguments): boolean;
  /** Reads what follows the name, up to the end of the command. */
  parse(args: Arguments, session: Session): Args;
  /** Throws No or Bad for another end than OK. */
  run(session: Session, args: Args): Promise<Ok>;
}

/** A command whose arguments its own file alone knows. */
export interface AnyCommand {
  readonly name: string;
  readonly state: CommandState;
  takesMessage(args: Arguments): boolean;
  /** Parses, so that nothing happens for a command that is malformed at its end; what it returns runs. */
  prepare(args: Arguments, session: Session): () => Promise<Ok>;
}

export function sealed<Args>(command: Command<Args>): AnyCommand {
  return {
    name: command.name,
    state: command.state,
    takesMessage: (args) => command.takesMessage?.(args) ?? false,
    prepare(args, session) {
      const parsed = command.parse(args, session);
      if (!args.peekMessageLiteral()) args.end(); // what follows a message is read after it
      return () => command.run(session, parsed);
    },
  };
}

export const ok = (text: string, code: ResponseCode | null = null): Ok => ({ code, text });

/** The client asked well and may not have it: tagged NO. */
export class No extends Error {
  readonly code: ResponseCode | null;

  constructor(message: string, code: ResponseCode | null = null) {
    super(message);
    this.code = code;
  }
}

/** The client broke the grammar or the state: tagged BAD. */
export class Bad extends Error {
  readonly code: ResponseCode | null;

  constructor(message: string, code: ResponseCode | null = null) {
    super(message);
    this.code = code;
  }
}

/** The connection is to end without an answer to the command: what became of it is not known, or nobody is there to hear. */
export class Abandoned extends Error {}

/** The client has closed its side, or we stop listening to it, where more was to come. Nothing of an answer is said yet. */
export class InputEnded extends Abandoned {
  constructor() {
    super('the client says no more');
  }
}
