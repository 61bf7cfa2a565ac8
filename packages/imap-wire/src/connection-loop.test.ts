import { expect, test } from 'vitest';
import { Arguments } from './arguments.ts';
import { type CommandParts, tagOf } from './command-parts.ts';
import { type CommandPolicy, CommandReader, type ReadResult } from './command-reader.ts';
import { limitsBeforeLogin } from './limits.ts';
import { ParseError } from './parse-error.ts';
import { ResponseWriter } from './response-writer.ts';

/** A connection loop in small: how reader, arguments and writer are meant to be used together. */
class Connection {
  readonly reader = new CommandReader();
  readonly out = new ResponseWriter();
  readonly messages: string[] = [];
  sent = '';
  readonly #policy: CommandPolicy = {
    limits: limitsBeforeLogin,
    sendContinuation: () => this.continuation(),
    // The mailbox may be a literal as well; the message is the literal behind it.
    onLiteral: (partial) => (isAppendBeforeMessage(partial) ? 'message' : 'buffer'),
  };

  async run(): Promise<void> {
    for (;;) {
      const result = await this.reader.readCommand(this.#policy);
      switch (result.type) {
        case 'end':
          return;
        case 'refused':
          this.out
            .text(result.tag ?? '*')
            .text(' BAD [TOOBIG] ')
            .text(result.reason)
            .crlf();
          if (!result.inStep) this.out.text('* BYE\r\n');
          break;
        case 'command':
        case 'message-literal':
          await this.#answer(result);
          break;
        default:
          return result satisfies never;
      }
      this.flush();
    }
  }

  async #answer(result: Extract<ReadResult, { type: 'command' | 'message-literal' }>): Promise<void> {
    const messageLiteral = result.type === 'message-literal' ? result.literal : null;
    const args = new Arguments(result.parts, messageLiteral === null ? {} : { messageLiteral });
    try {
      const tag = args.tag();
      const name = args.sp().commandName();
      if (name === 'APPEND') return await this.#append(tag, args);
      args.end();
      this.out.text(tag).text(' OK ').text(name).crlf();
      if (name === 'STARTTLS') this.out.text(`* ${this.reader.discardBuffered()} octets dropped\r\n`);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      this.out
        .text(tagOf(result.parts) ?? '*')
        .text(' BAD ')
        .humanText(error.message)
        .crlf();
      // The literal was announced, and comes unless it waits for a continuation.
      if (messageLiteral !== null) await this.reader.skipRest(messageLiteral, 1000);
    }
  }

  async #append(tag: string, args: Arguments): Promise<void> {
    const mailbox = args.sp().mailbox();
    args.sp();
    const literal = args.messageLiteral();
    if (mailbox !== 'INBOX') {
      this.out.text(tag).text(' NO [TRYCREATE]\r\n');
      await this.reader.skipRest(literal, 1000);
      return;
    }
    if (literal.sync) this.continuation();
    const chunks: Buffer[] = [];
    for await (const chunk of this.reader.streamLiteral(literal.size)) chunks.push(chunk);
    const rest = await this.reader.readRest(this.#policy);
    if (rest.type !== 'command') return; // MULTIAPPEND would go on here.
    new Arguments(rest.parts).end();
    this.messages.push(Buffer.concat(chunks).toString());
    this.out.text(tag).text(' OK APPEND\r\n');
  }

  continuation(): void {
    this.out.text('+ OK\r\n');
    this.flush();
  }

  flush(): void {
    this.sent += Buffer.concat(this.out.take()).toString();
  }
}

function isAppendBeforeMessage(partial: CommandParts): boolean {
  const args = new Arguments(partial, { messageLiteral: { size: 0, sync: true, binary: false } });
  try {
    args.tag();
    if (args.sp().commandName() !== 'APPEND') return false;
    args.sp().mailbox();
    return args.sp().peekMessageLiteral();
  } catch {
    return false; // Buffered within the limits, and answered when the command is whole.
  }
}

test.each([
  ['a APPEND INBOX {5}\r\nhello\r\nb NOOP\r\n', '+ OK\r\na OK APPEND\r\nb OK NOOP\r\n', ['hello']],
  ['a APPEND {5+}\r\ninbox {5+}\r\nhello\r\nb NOOP\r\n', 'a OK APPEND\r\nb OK NOOP\r\n', ['hello']],
  ['a APPEND x {5}\r\nb NOOP\r\n', 'a NO [TRYCREATE]\r\nb OK NOOP\r\n', []],
  ['a APPEND x {5+}\r\nhello\r\nb NOOP\r\n', 'a NO [TRYCREATE]\r\nb OK NOOP\r\n', []],
  ['a NOOP x\r\nb NOOP \r\n', 'a BAD Unexpected arguments at the end of the command\r\nb OK NOOP\r\n', []],
  ['\r\n', '* BAD Expected a tag\r\n', []],
  ['a LOGIN {4294967295+}\r\nb NOOP\r\n', 'a BAD [TOOBIG] literal-too-large\r\n* BYE\r\n', []],
  ['a LOGIN {4294967295}\r\nb NOOP\r\n', 'a BAD [TOOBIG] literal-too-large\r\nb OK NOOP\r\n', []],
  ['a STARTTLS\r\nb LOGIN x y\r\n', 'a OK STARTTLS\r\n* 13 octets dropped\r\n', []],
])('%j', async (received, sent, messages) => {
  const connection = new Connection();
  connection.reader.push(Buffer.from(received));
  connection.reader.end();
  await connection.run();
  expect(connection.sent).toBe(sent);
  expect(connection.messages).toEqual(messages);
});
