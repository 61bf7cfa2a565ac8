import { configurationTemplate } from '@postel/config';
import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';

export const configExample = defineCommand({
  name: 'config example',
  alsoCalled: ['config describe'],
  operands: '',
  summary: 'print a configuration file with every key and its default',
  help: `Example:
  postel config example > postel.yaml`,
  parse: (line) => operands(line),
  async run(_, { terminal }) {
    terminal.say(configurationTemplate().trimEnd());
  },
});
