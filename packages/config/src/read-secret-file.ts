import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { SettingReader } from './setting-reader.ts';

/**
 * What stands in the file that a setting names, without white space around it.
 *
 * @param base what a relative path starts from
 */
export function readSecretFile(setting: SettingReader, base: string): string {
  const path = resolve(base, setting.text());
  try {
    const text = readFileSync(path, 'utf8').trim();
    if (text === '') setting.refuse(`is empty: ${path}`);
    return text;
  } catch (error) {
    setting.refuse(`cannot be read: ${error instanceof Error ? error.message : error}`);
    return '';
  }
}
