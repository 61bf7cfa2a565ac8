import { once } from 'node:events';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';

interface Post {
  readonly url: string;
  /** Several of one name stand one after the other. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: AsyncIterable<Buffer>;
  /** For everything. */
  readonly timeoutMs: number;
  /** A longer answer is none. */
  readonly answerOctets: number;
}

/**
 * Posts a body over HTTP, as fast as it is taken, and gives the JSON that answers it. Redirections are not followed.
 *
 * @throws {Error} what is wrong, for people; no header is in it
 */
export async function postForJson({ url, headers, body, timeoutMs, answerOctets }: Post): Promise<unknown> {
  const signal = AbortSignal.timeout(timeoutMs);
  // A connection each: one that is kept may have been closed by the time that it is needed.
  const options = { method: 'POST', headers: mutable(headers), agent: false, signal } as const;
  const request = url.startsWith('https:') ? httpsRequest(url, options) : httpRequest(url, options);
  try {
    const answered = answerTo(request);
    // It may answer, and close, before it has heard everything.
    void send(request, body, signal).catch((error: Error) => request.destroy(error));
    const answer = await answered;
    if (answer.statusCode !== 200) throw new Error(`it answers with status ${answer.statusCode}`);
    return JSON.parse((await readBounded(answer, answerOctets)).toString());
  } catch (error) {
    if (signal.aborted) throw new Error(`it takes longer than ${timeoutMs} ms`, { cause: error });
    throw error;
  } finally {
    request.destroy();
  }
}

function mutable(headers: Post['headers']): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
  );
}

function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  request.once('response', resolve);
  request.on('error', reject);
  // Neither an answer nor an error comes of a change to another protocol (101), which Node hangs up at.
  request.once('close', () => reject(new Error('it ends without an answer')));
  return promise;
}

async function send(request: ClientRequest, body: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void> {
  for await (const piece of body) {
    if (request.destroyed) return;
    if (!request.write(piece)) await once(request, 'drain', { signal });
  }
  request.end();
}

async function readBounded(answer: IncomingMessage, mostOctets: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let octets = 0;
  for await (const piece of answer) {
    pieces.push(piece);
    octets += piece.length;
    if (octets > mostOctets) throw new Error(`its answer is longer than ${mostOctets} octets`);
  }
  return Buffer.concat(pieces);
}
