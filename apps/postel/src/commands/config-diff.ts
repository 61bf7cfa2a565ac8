import { defineCommand } from '../command.ts';
import { sayDifferences } from '../declaration/say-differences.ts';
import { operands } from '../operands.ts';
import { namedServer, SERVER_OPTIONS, SERVER_OPTIONS_HELP } from '../which-server.ts';

export const configDiff = defineCommand({
  name: 'config diff',
  operands: 'FILE [--json]',
  summary: 'say what is not as a file declares it',
  help: `Changes nothing. Ends with exit code 0 if all is as declared, 1 if something is not, and 2 if that cannot be told.
What such a file says: postel help config apply.

  --json               a JSON object a line, with all that is before and would be after
${SERVER_OPTIONS_HELP}

Example:
  postel config diff directory.yaml`,
  options: { json: { type: 'boolean' }, ...SERVER_OPTIONS },
  parse(line) {
    return { ...operands(line, 'file'), asJson: line.flag('json'), server: namedServer(line) };
  },
  async run({ file, asJson, server }, invocation) {
    const { CommandError } = await import('../command-error.ts');
    try {
      const { readDeclaration } = await import('../declaration/read-declaration.ts');
      const declared = await readDeclaration(file);
      const { useDirectory } = await import('../use-directory.ts');
      const { sealDeclaration } = await import('../declaration/seal-declaration.ts');
      const differences = await useDirectory(invocation, server, async (directory, { secretKeyFile }) =>
        directory.compare(await sealDeclaration({ directory, secretKeyFile }, declared, true)),
      );
      sayDifferences(invocation.terminal, differences, asJson);
      if (differences.length > 0) process.exitCode = 1;
    } catch (error) {
      if (error instanceof CommandError) throw new CommandError(error.message, { exitCode: 2, cause: error });
      throw error;
    }
  },
});
