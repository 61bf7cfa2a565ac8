import { defineCommand } from '../command.ts';
import { describeCommands } from '../describe-commands.ts';

export const help = defineCommand({
  name: 'help',
  operands: '[COMMAND]',
  summary: 'what there is, and how to call it',
  help: `Examples:
  postel help
  postel help config account add`,
  parse: (line) => line.positionals,
  async run(words, { terminal, commands }) {
    terminal.say(describeCommands(words, commands));
  },
});
