import { parentPort, workerData } from 'node:worker_threads';
import type { MailauthResolver } from 'mailauth/lib/dkim/dkim-verifier.js';
import { MessageAuthentication } from './authenticate-message.ts';
import { KnownKeys } from './known-keys.ts';
import { type LibraryAnswer, recordsOf } from './library-resolver.ts';
import { TAKEN_OCTETS } from './limits.ts';
import type { BegunMessage, FromWorker, ToWorker, WorkerSettings } from './worker-messages.ts';

/** A thread in which messages are authenticated. */

const { hostname }: WorkerSettings = workerData;
/** Messages, and octets of them that were taken in and not told of yet. */
const authentications = new Map<number, { readonly authentication: MessageAuthentication; untoldOctets: number }>();
const keys = new KnownKeys();
const questions = new Map<number, (answer: LibraryAnswer) => void>();
let asked = 0;

function tell(message: FromWorker): void {
  parentPort?.postMessage(message);
}

/** Asks the DNS through the main thread, if that has not told yet what it says. */
function resolverFor(message: number, texts: ReadonlyMap<string, LibraryAnswer>): MailauthResolver {
  return async (name, recordType) => {
    const known = recordType === 'TXT' ? texts.get(name.toLowerCase()) : undefined;
    if (known !== undefined) return recordsOf(known);
    const question = ++asked;
    const { promise, resolve } = Promise.withResolvers<LibraryAnswer>();
    questions.set(question, resolve);
    tell({ type: 'question', message, question, name, recordType });
    return recordsOf(await promise);
  };
}

function begin({ message, envelope, octets, headerOctets, isWhole, texts }: BegunMessage & { message: number }): void {
  const all = Buffer.from(octets.buffer);
  const options = { resolver: resolverFor(message, texts), envelope, hostname, keys };
  const authentication = new MessageAuthentication(options, all.subarray(0, headerOctets));
  authentications.set(message, { authentication, untoldOctets: 0 });
  if (all.length > headerOctets) void write(message, all.subarray(headerOctets));
  if (isWhole) void finish(message);
}

async function write(message: number, octets: Buffer): Promise<void> {
  const job = authentications.get(message);
  if (job === undefined) return;
  await job.authentication.write(octets);
  job.untoldOctets += octets.length;
  if (job.untoldOctets < TAKEN_OCTETS) return;
  tell({ type: 'taken', message, octets: job.untoldOctets });
  job.untoldOctets = 0;
}

async function finish(message: number): Promise<void> {
  const job = authentications.get(message);
  authentications.delete(message);
  if (job === undefined) return;
  try {
    tell({ type: 'results', message, results: await job.authentication.finish() });
  } catch (error) {
    tell({ type: 'failed', message, error });
  }
}

parentPort?.on('message', (told: ToWorker) => {
  switch (told.type) {
    case 'begin':
      begin(told);
      return;
    case 'octets': {
      void write(told.message, Buffer.from(told.octets.buffer));
      return;
    }
    case 'end':
      void finish(told.message);
      return;
    case 'abort':
      authentications.delete(told.message);
      return;
    case 'ping':
      tell({ type: 'pong' });
      return;
    case 'answer': {
      questions.get(told.question)?.(told.answer);
      questions.delete(told.question);
      return;
    }
    default:
      told satisfies never;
  }
});
