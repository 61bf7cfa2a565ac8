import { defineCommand } from '../command.ts';
import { YES_HELP, YES_OPTION } from '../confirm-removal.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configAccountApppasswordRm = defineCommand({
  name: 'config account apppassword rm',
  operands: 'ACCOUNT NAME [--yes]',
  summary: 'take an app password back',
  help: `It is refused at once, and connections that came in by it end within 5 s. It cannot be given back: another one can
be made. Asks first.

${YES_HELP}
${SERVER_OPTIONS_HELP}

Examples:
  postel config account apppassword rm mary phone
  postel config account apppassword rm mary phone --yes`,
  options: { ...YES_OPTION, ...SERVER_OPTIONS },
  parse(line) {
    const { account, name } = operands(line, 'account', 'name');
    return { account, name, isAgreed: line.flag('yes'), server: namedServer(line) };
  },
  async run({ account, name, isAgreed, server }, invocation) {
    const { confirmRemoval } = await import('../confirm-removal.ts');
    const { useDirectory } = await import('../use-directory.ts');
    const { terminal } = invocation;
    await useDirectory(invocation, server, async ({ appPasswords }, { signal }) => {
      if ((await appPasswords.list(account)).some((one) => one.name === name)) {
        const question = `Take the app password "${name}" of account ${account} back?`;
        if (!(await confirmRemoval(question, { isAgreed, terminal, signal }))) return;
      }
      await appPasswords.remove(account, name); // or there is none of that name
      terminal.say(`Removed an app password of account ${account}.`);
    });
  },
});
