import { createHmac, randomBytes } from 'node:crypto';

/** What somebody tries who is not to get in. */
export interface Guess {
  readonly user: string;
  readonly password: string;
  /** For mechanisms that need one; where the user has one, it is this. */
  readonly sharedSecret: string;
  /** Which octet of what proves the password is wrong, if that can be chosen; null: what the password gives. */
  readonly wrongOctet: 'first' | 'last' | null;
}

/** A client that computes nothing slow. */
interface GuessingClient {
  readonly initialResponse: Buffer | null;
  respond(challenge: Buffer): Buffer;
}

export interface GuessedMechanism {
  readonly name: string;
  /** Those answers of the server that depend on the user, by what the client sent before; the last of them refuses. */
  readonly answersTo: readonly string[];
  /** False for SCRAM: the server hashes what a proof gives before it compares. */
  readonly canBeNearlyRight: boolean;
  begin(guess: Guess): GuessingClient;
}

const plain: GuessedMechanism = {
  name: 'PLAIN',
  answersTo: ['password'],
  canBeNearlyRight: true,
  begin: ({ user, password, wrongOctet }) => ({
    initialResponse: Buffer.from(`\0${user}\0${spoil(password, wrongOctet)}`),
    respond: () => Buffer.alloc(0),
  }),
};

const scram = (name: string, proofOctets: number): GuessedMechanism => ({
  name,
  answersTo: ['user', 'proof'],
  canBeNearlyRight: false,
  begin: ({ user }) => ({
    initialResponse: Buffer.from(`n,,n=${user},r=${randomBytes(18).toString('base64')}`),
    respond(challenge) {
      const nonce = /^r=([^,]+),/.exec(challenge.toString())?.[1] ?? '';
      return Buffer.from(`c=biws,r=${nonce},p=${randomBytes(proofOctets).toString('base64')}`);
    },
  }),
});

const cramMd5: GuessedMechanism = {
  name: 'CRAM-MD5',
  answersTo: ['digest'],
  canBeNearlyRight: true,
  begin: ({ user, sharedSecret, wrongOctet }) => ({
    initialResponse: null,
    respond(challenge) {
      const digest = createHmac('md5', sharedSecret).update(challenge).digest('hex');
      return Buffer.from(`${user} ${spoil(digest, wrongOctet)}`);
    },
  }),
};

function spoil(text: string, wrongOctet: Guess['wrongOctet']): string {
  const other = (octet: string) => (octet === '0' ? '1' : '0');
  switch (wrongOctet) {
    case null:
      return text;
    case 'first':
      return other(text.slice(0, 1)) + text.slice(1);
    case 'last':
      return text.slice(0, -1) + other(text.slice(-1));
    default:
      return wrongOctet satisfies never;
  }
}

export const guessedMechanisms: readonly GuessedMechanism[] = [
  plain,
  scram('SCRAM-SHA-256', 32),
  scram('SCRAM-SHA-1', 20),
  cramMd5,
];
