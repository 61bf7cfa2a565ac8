import { get as httpGet, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, get as httpsGet } from 'node:https';
import { createSecureContext, getCACertificates } from 'node:tls';
import { isProviderUrl } from '@postel/config';
import { MAX_DOCUMENT_OCTETS } from './limits.ts';
import { ProviderError } from './provider-error.ts';

/**
 * Fetches a JSON object. Redirections are not followed: neither document that we ask for has reason to be elsewhere, and
 * where they lead would be another's choice.
 *
 * @param timeoutMs for everything
 * @throws {ProviderError}
 */
export async function fetchDocument(url: string, timeoutMs: number): Promise<ReadonlyMap<string, unknown>> {
  try {
    const answer = await open(parse(url), AbortSignal.timeout(timeoutMs));
    if (answer.statusCode !== 200) {
      answer.destroy();
      throw new Error(`it answers with status ${answer.statusCode}`);
    }
    return objectOf(await readBounded(answer));
  } catch (error) {
    throw new ProviderError(`Cannot get ${url}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

function parse(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !isProviderUrl(url)) throw new Error('it is no https: URL');
  return url;
}

function open(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  const headers = { accept: 'application/json', 'accept-encoding': 'identity' };
  const options = { headers, signal };
  return new Promise((resolve, reject) => {
    const request =
      url.protocol === 'https:'
        ? httpsGet(url, { ...options, agent: trustingAgent() }, resolve)
        : httpGet(url, { ...options, agent: false }, resolve);
    request.once('error', (error) => reject(signal.aborted ? new Error('it takes too long') : error));
    // Neither an answer nor an error comes of a change to another protocol (101), which Node hangs up at.
    request.once('close', () => reject(new Error('it ends without an answer')));
  });
}

async function readBounded(answer: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let octets = 0;
  for await (const piece of answer) {
    pieces.push(piece);
    octets += piece.length;
    // Leaving the loop destroys the connection.
    if (octets > MAX_DOCUMENT_OCTETS) throw new Error(`it is longer than ${MAX_DOCUMENT_OCTETS} octets`);
  }
  return Buffer.concat(pieces);
}

function objectOf(octets: Buffer): ReadonlyMap<string, unknown> {
  const value: unknown = JSON.parse(octets.toString());
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('it is no JSON object');
  return new Map(Object.entries(value));
}

let agent: HttpsAgent | null = null;

/**
 * Trusts whom Node and the system trust. Made once: reading all certificates of the system takes a while. Issuers are
 * asked too seldom for a connection to be worth keeping.
 */
function trustingAgent(): HttpsAgent {
  const ca = () => [...getCACertificates('default'), ...getCACertificates('system')];
  agent ??= new HttpsAgent({ keepAlive: false, secureContext: createSecureContext({ ca: ca() }) });
  return agent;
}
