/** A task: makes what is missing of a data directory's certificates. */
import { SettingReader } from '@postel/config';
import { DataDirectory } from '../data-directory/data-directory.ts';
import { serveTask } from '../tasks/serve-task.ts';
import { ensureLocalCertificates } from './ensure-local-certificates.ts';

await serveTask(
  (value) => new DataDirectory(new SettingReader(value).at('dataDirectory').text()),
  ensureLocalCertificates,
);
