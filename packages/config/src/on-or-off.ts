import type { SettingReader } from './setting-reader.ts';

/** In YAML 1.2 a text, in YAML 1.1 true and false. */
export function onOrOff(setting: SettingReader): boolean {
  return setting.is(true) || (!setting.is(false) && setting.oneOf('on', 'off') === 'on');
}
