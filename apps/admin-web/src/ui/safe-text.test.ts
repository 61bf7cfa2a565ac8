import { expect, test } from 'vitest';
import { safeText } from '../../ui/src/safe-text.ts';

test.each([
  ['bob@example.org', 'bob@example.org'],
  ['Grüße von bob@bücher.example', 'Grüße von bob@bücher.example'],
  ['почта@пример.рф', 'почта@пример.рф'],
  ['رسالة', 'رسالة'],
  ['family 👨‍👩‍👧 نامه‌ای', 'family 👨‍👩‍👧 نامه‌ای'],
  ['two\nlines\tand a tab', 'two\nlines\tand a tab'],
  // Letters of two scripts, and those of one that look like another's.
  ['ann@еxаmple.org', 'ann@xn--xmple-4ve7a.org'],
  ['ann@сосо.org', 'ann@xn--n1aahb.org'],
  // What turns the direction goes; what is not seen can be seen.
  ['evil\u202egro.elpmaxe', 'evilgro.elpmaxe'],
  ['\u2066a\u2069 \u200fb', 'a b'],
  ['exa\u200bmple.org', 'exa\ufffdmple.org'],
  ['exa\u200dmple.org', 'exa\ufffdmple.org'],
  ['a\u0000b\u001b[31mc\u0085d', 'a\ufffdb\ufffd[31mc\ufffdd'],
  ['soft\u00adhyphen \ufeff \u2028', 'soft\ufffdhyphen \ufffd \ufffd'],
])('%j is shown as %j', (text, shown) => expect(safeText(text)).toBe(shown));
