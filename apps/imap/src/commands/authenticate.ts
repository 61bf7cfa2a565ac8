import { chooseMechanism, decodeBase64, type ServerExchange } from '@postel/sasl';
import { Bad, type Command, No } from '../command.ts';
import { logIn } from '../log-in.ts';
import type { Transport } from '../transport.ts';

interface AuthenticateArgs {
  readonly mechanism: string;
  /** In base64, `=` for an empty one; null if there is none (RFC 4959). */
  readonly initialResponse: string | null;
}

/** AUTHENTICATE: RFC 9051 §6.2.2, with the initial response of RFC 4959. */
export const authenticate: Command<AuthenticateArgs> = {
  name: 'AUTHENTICATE',
  state: 'not-authenticated',
  parse(args) {
    const mechanism = args.sp().atom();
    return { mechanism, initialResponse: args.optional((rest) => rest.astring()) };
  },
  async run(session, { mechanism: name, initialResponse }) {
    const { transport, services } = session;
    const choice = chooseMechanism(name, transport.security, services.directory.mechanismsFor(transport.loginContext));
    if (choice.type === 'unknown' || choice.type === 'not-allowed') throw new No('No such mechanism', 'CANNOT');
    if (choice.type === 'needs-tls') throw new No('Begin TLS first (STARTTLS)', 'PRIVACYREQUIRED');
    const { mechanism } = choice;
    return logIn(session, mechanism.name, (attempt) =>
      converse(transport, mechanism.start(attempt, transport.security), initialResponse),
    );
  },
};

async function converse<Identity>(
  transport: Transport,
  exchange: ServerExchange<Identity>,
  initialResponse: string | null,
) {
  let step = await exchange.next(
    initialResponse === null ? null : decode(initialResponse === '=' ? '' : initialResponse),
  );
  while (step.type === 'challenge') {
    const line = await transport.ask(step.challenge.toString('base64'));
    if (line === '*') throw new Bad('Authentication cancelled');
    step = await exchange.next(decode(line));
  }
  return step;
}

function decode(text: string): Buffer {
  const octets = decodeBase64(text);
  if (octets === null) throw new Bad('Invalid base64');
  return octets;
}
