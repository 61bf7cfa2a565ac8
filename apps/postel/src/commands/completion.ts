import { defineCommand } from '../command.ts';
import { UsageError } from '../command-error.ts';
import { operands } from '../operands.ts';

const SHELL_NAMES = ['bash', 'zsh', 'fish'];

export const completion = defineCommand({
  name: 'completion',
  operands: 'bash | zsh | fish',
  summary: 'print a script by which a shell completes command lines',
  help: `It knows every command and option of this version: make it anew after an upgrade.

Examples:
  eval "$(postel completion bash)"                        # in ~/.bashrc
  postel completion zsh > "\${fpath[1]}/_postel"
  postel completion fish > ~/.config/fish/completions/postel.fish`,
  parse(line) {
    const { shell } = operands(line, 'shell');
    if (!SHELL_NAMES.includes(shell)) throw new UsageError(`"${shell}" is not ${SHELL_NAMES.join(', ')}`);
    return { shell };
  },
  async run({ shell }, { terminal, commands }) {
    const [{ completionPoints }, { SHELLS }] = await Promise.all([
      import('../completion/command-tree.ts'),
      import('../completion/shells.ts'),
    ]);
    terminal.say(SHELLS.get(shell)?.(completionPoints(commands)).trimEnd());
  },
});
