import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import { readVersion } from '../version.ts';

export const version = defineCommand({
  name: 'version',
  alsoCalled: ['config version'],
  operands: '[--json]',
  summary: 'say which version of Postel this is, and what it runs on',
  help: `Of the program that is called. Which version a server runs, that was started before: postel config status.

  --json  one JSON object

Example:
  postel version`,
  options: { json: { type: 'boolean' } },
  parse(line) {
    operands(line);
    return { asJson: line.flag('json') };
  },
  async run({ asJson }, { terminal }) {
    const versions = {
      postel: readVersion(),
      node: process.versions.node,
      system: `${process.platform} ${process.arch}`,
    };
    const { postel, node, system } = versions;
    terminal.say(asJson ? JSON.stringify(versions) : `Postel ${postel}, Node ${node}, ${system}`);
  },
});
