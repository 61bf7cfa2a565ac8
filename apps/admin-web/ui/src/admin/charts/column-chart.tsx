import { useEffect, useRef, useState } from 'preact/hooks';
import type { ColumnPlot, PlottedSeries } from './plot-columns.ts';

/** A kind of columns, and what it is called. */
interface NamedSeries extends PlottedSeries {
  readonly name: string;
}

interface ColumnChartProps {
  readonly series: readonly NamedSeries[];
  readonly ticks: readonly (string | null)[];
  /** Which time each column stands for. */
  readonly names: readonly string[];
  /** Charts of one name point at the same column. */
  readonly group: string;
  /** Says in words what is to be seen. */
  readonly label: string;
}

/**
 * Columns over time; what one of them stands for is said when somebody points at it. What draws them is loaded here. Who does not see
 * them needs the figures elsewhere on the page.
 */
export function ColumnChart({ series, ticks, names, group, label }: ColumnChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<ColumnPlot | null>(null);
  const columns = useRef({ series, ticks });
  columns.current = { series, ticks };
  const [pointed, setPointed] = useState<number | null>(null);
  const [isMissing, setMissing] = useState(false);
  useEffect(() => {
    let isOver = false;
    import('./plot-columns.ts').then(
      ({ ColumnPlot }) => {
        if (isOver || place.current === null) return;
        plot.current = new ColumnPlot(place.current, columns.current, { group, onPoint: setPointed });
      },
      () => setMissing(true), // the server is away, or was renewed
    );
    return () => {
      isOver = true;
      plot.current?.end();
      plot.current = null;
    };
  }, [group]);
  useEffect(() => plot.current?.show({ series, ticks }), [series, ticks]);
  const name = pointed === null ? undefined : names[pointed];
  return (
    <div class="chart">
      <div ref={place} class="plot" role="img" aria-label={label} />
      {isMissing ? <p class="quiet small">The chart could not be loaded. Load the page anew to see it.</p> : null}
      {name === undefined || pointed === null ? null : (
        <p class="small pointed" aria-hidden="true">
          {`${name}: ${series.map((each) => `${each.values[pointed] ?? 0} ${each.name}`).join(', ')}`}
        </p>
      )}
    </div>
  );
}
