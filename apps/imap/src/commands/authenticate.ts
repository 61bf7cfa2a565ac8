import { chooseMechanism, decodeBase64 } from '@postel/sasl';
import { Bad, type Command, No } from '../command.ts';
import { settleLogin } from '../settle-login.ts';

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
  async run(session, { mechanism, initialResponse }) {
    const { transport } = session;
    const choice = chooseMechanism(mechanism, transport.security);
    if (choice.type === 'unknown') throw new No('No such mechanism', 'CANNOT');
    if (choice.type === 'needs-tls') throw new No('Begin TLS first (STARTTLS)', 'PRIVACYREQUIRED');
    const exchange = choice.mechanism.start(session.services.directory, transport.security);
    let step = await exchange.next(
      initialResponse === null ? null : decode(initialResponse === '=' ? '' : initialResponse),
    );
    while (step.type === 'challenge') {
      const line = await transport.ask(step.challenge.toString('base64'));
      if (line === '*') throw new Bad('Authentication cancelled');
      step = await exchange.next(decode(line));
    }
    return settleLogin(session, step);
  },
};

function decode(text: string): Buffer {
  const octets = decodeBase64(text);
  if (octets === null) throw new Bad('Invalid base64');
  return octets;
}
