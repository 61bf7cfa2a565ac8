import { useEffect, useState } from 'preact/hooks';

/** Light around it, in modules: ISO/IEC 18004 wants four. */
const MARGIN = 4;

/** A text as a phone reads it from the screen. Nothing, until what draws it is loaded: what it says stands beside it too. */
export function QrCode({ text, label }: { text: string; label: string }) {
  const [rows, setRows] = useState<readonly (readonly boolean[])[] | null>(null);
  useEffect(() => {
    import('uqr').then(
      ({ encode }) => setRows(encode(text, { ecc: 'M', border: 0 }).data),
      () => setRows(null), // the server is away
    );
  }, [text]);
  if (rows === null) return null;
  const size = rows.length + 2 * MARGIN;
  const squares = rows.flatMap((row, y) =>
    row.flatMap((isDark, x) => (isDark ? [`M${x + MARGIN} ${y + MARGIN}h1v1h-1z`] : [])),
  );
  return (
    <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shape-rendering="crispEdges">
      <rect class="light" width={size} height={size} />
      <path class="dark" d={squares.join('')} />
    </svg>
  );
}
