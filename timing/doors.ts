import type { Directory } from '@postel/directory';
import { type ConnectionSecurity, chooseMechanism } from '@postel/sasl';
import { SmtpClient } from '../apps/smtp/src/testing/smtp-client.ts';
import type { Guess, GuessedMechanism } from './guesses.ts';

/** Where somebody guesses. */
export interface Door {
  readonly name: string;
  /** Whether the mechanism is offered there. */
  offers(mechanism: GuessedMechanism): boolean;
  /**
   * Tries one guess, as a login of its own.
   *
   * @returns how long each of the mechanism's answers took, in ms
   * @throws if it was not refused, or for another reason
   */
  guess(mechanism: GuessedMechanism, guess: Guess): Promise<readonly number[]>;
}

const SECURITY: ConnectionSecurity = {
  service: 'smtp',
  hostNames: ['localhost'],
  isTls: true,
  allowPlaintextWithoutTls: false,
  channelBinding: null,
  hasExternalIdentity: false,
};
const CONTEXT = {
  service: 'smtp',
  clientAddress: '127.0.0.1',
  tlsVersion: 'TLSv1.3',
  clientKey: null,
  unknownKey: null,
} as const;

/** The directory and the mechanisms in this process: nothing but their own work, and the query. */
export function directoryDoor(directory: Directory): Door {
  const choose = (name: string) => chooseMechanism(name, SECURITY, directory.mechanismsFor(CONTEXT));
  return {
    name: 'in one process',
    offers: ({ name }) => choose(name).type === 'offered',
    async guess({ name, answersTo, begin }, guess) {
      const choice = choose(name);
      if (choice.type !== 'offered') throw new Error(`${name} is not offered`);
      const client = begin(guess);
      const times: number[] = [];
      let response = client.initialResponse;
      let startedAt = performance.now();
      const attempt = directory.beginLogin(CONTEXT, name);
      const exchange = choice.mechanism.start(attempt, SECURITY);
      for (;;) {
        const step = await exchange.next(response);
        times.push(performance.now() - startedAt);
        if (step.type === 'challenge') {
          response = client.respond(step.challenge);
          startedAt = performance.now();
          continue;
        }
        if (step.type === 'success' || step.reason !== 'credentials')
          throw unexpected(name, guess, JSON.stringify(step));
        attempt.settle(step.reason);
        return times.slice(-answersTo.length);
      }
    },
  };
}

/** Submission, where no answer waits on purpose as it does over IMAP; a connection for each guess. */
export async function submissionDoor(port: number): Promise<Door> {
  const offered = await mechanismsAt(port);
  return {
    name: 'by submission',
    offers: ({ name }) => offered.has(name),
    async guess({ name, answersTo, begin }, guess) {
      await using connection = await SmtpClient.connect(port);
      await connection.reply();
      await connection.command('EHLO client.example');
      const client = begin(guess);
      const times: number[] = [];
      const { initialResponse } = client;
      let line = `AUTH ${name}${initialResponse === null ? '' : ` ${initialResponse.toString('base64')}`}`;
      for (;;) {
        const startedAt = performance.now();
        const reply = await connection.command(line);
        times.push(performance.now() - startedAt);
        if (reply.startsWith('535 ')) return times.slice(-answersTo.length);
        if (!reply.startsWith('334 ')) throw unexpected(name, guess, reply);
        line = client.respond(Buffer.from(reply.slice('334 '.length), 'base64')).toString('base64');
      }
    },
  };
}

async function mechanismsAt(port: number): Promise<ReadonlySet<string>> {
  await using connection = await SmtpClient.connect(port);
  await connection.reply();
  connection.send('EHLO client.example\r\n');
  const line = (await connection.reply()).find((text) => /^250[- ]AUTH /.test(text)) ?? '';
  return new Set(line.split(' ').slice(1));
}

function unexpected(mechanism: string, { user }: Guess, answer: string): Error {
  return new Error(`${mechanism} for ${user} was not refused as a guess is: ${answer}`);
}
