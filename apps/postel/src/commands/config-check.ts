import { defineCommand } from '../command.ts';
import { operands } from '../operands.ts';
import {
  CONFIG_OPTION,
  chooseConfigurationFile,
  configOption,
  readConfigurationOrExplain,
} from '../serve/find-configuration.ts';

export const configCheck = defineCommand({
  name: 'config check',
  alsoCalled: ['config test'],
  operands: '[--config FILE]',
  summary: 'say what is wrong with a configuration file, its certificates, its bucket and its OAuth issuers',
  help: `Says OK if nothing is; else each problem with its line, and ends with exit code 1. If blobs are in S3, a small one is
written, read, listed and removed. If access tokens log people in, the keys of their issuers are fetched.

  --config FILE  the configuration file (default ./postel.yaml, else /etc/postel/postel.yaml)

Example:
  postel config check --config /etc/postel/postel.yaml`,
  options: CONFIG_OPTION,
  parse(line) {
    operands(line);
    return { config: configOption(line) };
  },
  async run({ config }, { terminal }) {
    const file = chooseConfigurationFile(config);
    const configuration = await readConfigurationOrExplain(file);
    const { checkConfiguration } = await import('../serve/check-configuration.ts');
    for (const warning of await checkConfiguration(configuration)) terminal.warn(warning);
    if ('s3' in configuration.blobs) {
      const { checkBucket } = await import('../serve/check-bucket.ts');
      await checkBucket(configuration.blobs);
    }
    if (configuration.oauthIssuers.length > 0) {
      const { checkIssuers } = await import('../serve/check-issuers.ts');
      await checkIssuers(configuration.oauthIssuers);
    }
    terminal.say(`OK: ${file}`);
  },
});
