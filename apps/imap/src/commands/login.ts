import { type Command, No } from '../command.ts';
import { logIn } from '../log-in.ts';

interface LoginArgs {
  readonly user: string;
  readonly password: string;
}

/** LOGIN: RFC 9051 §6.2.3. */
export const login: Command<LoginArgs> = {
  name: 'LOGIN',
  state: 'not-authenticated',
  parse(args) {
    const user = args.sp().astring();
    return { user, password: args.sp().astring() };
  },
  async run(session, { user, password }) {
    const { isTls, allowPlaintextWithoutTls } = session.transport.security;
    if (!isTls && !allowPlaintextWithoutTls) throw new No('Begin TLS first (STARTTLS)', 'PRIVACYREQUIRED');
    const allows = session.services.directory.mechanismsFor(session.transport.loginContext);
    if (!allows('LOGIN')) throw new No('LOGIN is switched off here');
    return logIn(session, 'LOGIN', async (attempt) => {
      const identity = await attempt.verifyPassword(user, password);
      return identity === null ? { type: 'failure', reason: 'credentials' } : { type: 'success', identity };
    });
  },
};
