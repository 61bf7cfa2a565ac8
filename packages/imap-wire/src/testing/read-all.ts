import { Arguments, type ArgumentsOptions } from '../arguments.ts';
import { type CommandPolicy, CommandReader, type ReadResult } from '../command-reader.ts';
import { limitsAfterLogin } from '../limits.ts';

export const afterLogin: CommandPolicy = { limits: limitsAfterLogin, sendContinuation() {} };

/**
 * Reads commands until the end or out of step, pushing a chunk whenever the reader has nothing to do. Message literals
 * are read and stand in the result as their octets.
 */
export async function readAll(chunks: readonly Buffer[], policy = afterLogin): Promise<unknown[]> {
  const reader = new CommandReader();
  const reading = collect(reader, policy);
  for (const chunk of chunks) {
    reader.push(chunk);
    await new Promise((resolve) => setImmediate(resolve));
  }
  reader.end();
  return reading;
}

async function collect(reader: CommandReader, policy: CommandPolicy): Promise<unknown[]> {
  const results: unknown[] = [];
  for (let result = await reader.readCommand(policy); ; ) {
    results.push(plain(result));
    if (result.type === 'end') return results;
    if (result.type === 'message-literal') {
      const octets: Buffer[] = [];
      for await (const chunk of reader.streamLiteral(result.literal.size)) octets.push(chunk);
      results.push(Buffer.concat(octets).toString('latin1'));
      result = await reader.readRest(policy);
    } else {
      result = await reader.readCommand(policy);
    }
  }
}

/** The result with its octets as strings, which are easier to compare and to read. */
function plain(result: ReadResult): unknown {
  if (result.type === 'refused' || result.type === 'end') return result;
  const texts = result.parts.texts.map((text) => text.toString('latin1'));
  const literals = result.parts.literals.map(({ octets, binary }) => (binary ? '~' : '') + octets.toString('latin1'));
  const parts = texts.flatMap((text, index) => (index < literals.length ? [text, literals[index]] : [text]));
  return result.type === 'command' ? parts : { partial: parts, literal: result.literal };
}

/** The arguments of one whole command, given without its last line end. */
export async function argumentsOf(command: string | Buffer, options: ArgumentsOptions = {}): Promise<Arguments> {
  const reader = new CommandReader();
  reader.push(Buffer.concat([Buffer.from(command), Buffer.from('\r\n')]));
  const result = await reader.readCommand(afterLogin);
  if (result.type !== 'command') throw new Error(`Not a command: ${result.type}`);
  return new Arguments(result.parts, options);
}
