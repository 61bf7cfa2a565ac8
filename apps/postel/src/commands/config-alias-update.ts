import type { Posters } from '@postel/directory';
import { POSTERS } from '../alias-texts.ts';
import { type CommandLine, defineCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configAliasUpdate = defineCommand({
  name: 'config alias update',
  operands: 'ALIAS [--post WHO] [--list yes|no] [--show-members yes|no] [--send-as yes|no]',
  summary: 'change who may post to an alias, and what its members may',
  help: `  --post WHO           anyone; members; or named: whom config alias addaddr --may-post has named. Who is logged in is
                       known by all addresses of the account; mail from other servers by its reverse-path, which
                       anybody can forge, and never as an address of this server
  --list               whether it is a mailing list: what its members get says that it came by it, in List-Id and
                       List-Post, by which mail programs sort, and answer to the list
  --show-members       whether members may see who the others are
  --send-as            whether members may send mail from its address
${SERVER_OPTIONS_HELP}

Examples:
  postel config alias update team@example.com --post members --list yes
  postel config alias update sales@example.com --send-as yes`,
  options: {
    post: { type: 'string' },
    list: { type: 'string' },
    'show-members': { type: 'string' },
    'send-as': { type: 'string' },
    ...SERVER_OPTIONS,
  },
  parse(line) {
    const { alias } = operands(line, 'alias');
    const posters = line.option('post');
    if (posters !== null && !isPosters(posters)) throw new UsageError('--post is anyone, members or named');
    const [isList, showsMembers, maySendAs] = ['list', 'show-members', 'send-as'].map((name) => yesOrNo(line, name));
    const change = {
      ...(posters === null ? {} : { posters }),
      ...(isList === null ? {} : { isList }),
      ...(showsMembers === null ? {} : { showsMembers }),
      ...(maySendAs === null ? {} : { maySendAs }),
    };
    if (Object.keys(change).length === 0) throw new UsageError('what is to change?');
    return { alias, change, server: namedServer(line) };
  },
  async run({ alias, change, server }, invocation) {
    const { useDirectory } = await import('../use-directory.ts');
    await useDirectory(invocation, server, ({ aliases }) => aliases.change(alias, change));
    invocation.terminal.say(`Changed alias ${alias}.`);
  },
});

function isPosters(text: string): text is Posters {
  return Object.hasOwn(POSTERS, text);
}

/** Null if it was not given. @throws {UsageError} */
function yesOrNo(line: CommandLine, option: string): boolean | null {
  const text = line.option(option);
  if (text !== null && text !== 'yes' && text !== 'no') throw new UsageError(`--${option} is yes or no`);
  return text === null ? null : text === 'yes';
}
