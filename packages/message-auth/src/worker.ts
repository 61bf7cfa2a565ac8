import { parentPort, workerData } from 'node:worker_threads';
import type { MailauthResolver } from 'mailauth/lib/dkim/dkim-verifier.js';
import { MessageAuthentication } from './authenticate-message.ts';
import { type LibraryAnswer, recordsOf } from './library-resolver.ts';
import type { FromWorker, ToWorker, WorkerSettings } from './worker-messages.ts';

/** A thread in which messages are authenticated. */

const { hostname }: WorkerSettings = workerData;
const authentications = new Map<number, MessageAuthentication>();
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
      authentications.set(message, new MessageAuthentication(options, Buffer.from(told.header.buffer)));
      return;
    }
    case 'octets': {
      const { message, octets } = told;
      const taken = () => tell({ type: 'taken', message, octets: octets.length });
      void authentications.get(message)?.write(Buffer.from(octets.buffer)).then(taken);
      return;
    }
    case 'end': {
      const authentication = authentications.get(told.message);
      authentications.delete(told.message);
      if (authentication !== undefined) void finish(told.message, authentication);
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
