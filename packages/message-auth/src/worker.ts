import { parentPort, workerData } from 'node:worker_threads';
import type { MailauthResolver } from 'mailauth/lib/dkim/dkim-verifier.js';
import { MessageAuthentication } from './authenticate-message.ts';
import { type LibraryAnswer, recordsOf } from './library-resolver.ts';
import { TAKEN_OCTETS } from './limits.ts';
import type { FromWorker, ToWorker, WorkerSettings } from './worker-messages.ts';

/** A thread in which messages are authenticated. */

const { hostname }: WorkerSettings = workerData;
/** Messages, and octets of them that were taken in and not told of yet. */
const authentications = new Map<number, { readonly authentication: MessageAuthentication; untoldOctets: number }>();
const questions = new Map<number, (answer: LibraryAnswer) => void>();
let asked = 0;

function tell(message: FromWorker): void {
  parentPort?.postMessage(message);
}

/** Asks the DNS through the main thread. */
function resolverFor(message: number): MailauthResolver {
  return async (name, recordType) => {
    const question = ++asked;
    const { promise, resolve } = Promise.withResolvers<LibraryAnswer>();
    questions.set(question, resolve);
    tell({ type: 'question', message, question, name, recordType });
    return recordsOf(await promise);
  };
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

async function finish(message: number, authentication: MessageAuthentication): Promise<void> {
  try {
    tell({ type: 'results', message, results: await authentication.finish() });
  } catch (error) {
    tell({ type: 'failed', message, error });
  }
}

parentPort?.on('message', (told: ToWorker) => {
  switch (told.type) {
    case 'begin': {
      const { message, envelope } = told;
      const options = { resolver: resolverFor(message), envelope, hostname };
      const authentication = new MessageAuthentication(options, Buffer.from(told.header.buffer));
      authentications.set(message, { authentication, untoldOctets: 0 });
      return;
    }
    case 'octets': {
      void write(told.message, Buffer.from(told.octets.buffer));
      return;
    }
    case 'end': {
      const job = authentications.get(told.message);
      authentications.delete(told.message);
      if (job !== undefined) void finish(told.message, job.authentication);
      return;
    }
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
