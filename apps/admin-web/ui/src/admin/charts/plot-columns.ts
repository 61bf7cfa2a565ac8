import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

/** Columns of one kind, with the colour they have: a custom property of the style sheet. */
export interface PlottedSeries {
  readonly color: string;
  /** In each column. */
  readonly values: readonly number[];
}

export interface PlottedColumns {
  /** One upon the other, the first at the bottom. All have as many values. */
  readonly series: readonly PlottedSeries[];
  /** What stands below each column; null: nothing. */
  readonly ticks: readonly (string | null)[];
}

export interface PlotOptions {
  /** Charts of one name point at the same column. */
  readonly group: string;
  /** Which column somebody points at; null: none. */
  readonly onPoint: (column: number | null) => void;
}

const HEIGHT = 164;
/** Above the columns, where it is said what one of them stands for. */
const HEADROOM = 26;
const LEGIBLE = '12px system-ui, sans-serif';
/** Between labels below a chart. CSS pixels. */
const TICK_SPACE = 44;
/** Between lines behind a chart: counts have no halves. */
const STEPS = Array.from({ length: 12 }, (_, i) => [1, 2, 5].map((step) => step * 10 ** i)).flat();

/** Draws columns into an element, as wide as it is, until it is ended. */
export class ColumnPlot {
  readonly #place: HTMLElement;
  readonly #plot: uPlot;
  readonly #sizes: ResizeObserver;
  readonly #themes: MutationObserver;
  readonly #dark = matchMedia('(prefers-color-scheme: dark)');
  readonly #redraw = () => this.#plot.redraw();
  #ticks: readonly (string | null)[];

  constructor(place: HTMLElement, columns: PlottedColumns, { group, onPoint }: PlotOptions) {
    this.#place = place;
    this.#ticks = columns.ticks;
    const bars = uPlot.paths.bars?.({ size: [0.8, 48], radius: 0.12 });
    this.#plot = new uPlot(
      {
        width: this.#width(),
        height: HEIGHT,
        padding: [HEADROOM, 14, 0, 0],
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { show: false }, sync: { key: group } },
        scales: {
          x: { time: false, range: (plot) => [-0.5, (plot.data[0]?.length ?? 1) - 0.5] },
          y: { range: (_, __, most) => [0, Math.max(1, most * 1.05)] },
        },
        axes: [
          {
            font: LEGIBLE,
            size: 26,
            gap: 4,
            stroke: () => this.#color('--quiet'),
            grid: { show: false },
            ticks: { show: false },
            splits: () => this.#shownTicks(),
            values: (_, splits) => splits.map((column) => this.#ticks[column] ?? ''),
          },
          {
            font: LEGIBLE,
            size: 40,
            gap: 4,
            incrs: STEPS,
            space: 32,
            stroke: () => this.#color('--quiet'),
            grid: { stroke: () => this.#color('--line'), width: 1 },
            ticks: { show: false },
            values: (_, splits) => splits.map(briefly),
          },
        ],
        series: [
          {},
          ...columns.series.toReversed().map(({ color }) => ({
            fill: () => this.#color(color),
            width: 0,
            points: { show: false },
            ...(bars === undefined ? {} : { paths: bars }),
          })),
        ],
        hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? null)] },
      },
      stacked(columns),
      place,
    );
    this.#sizes = new ResizeObserver(() => this.#plot.setSize({ width: this.#width(), height: HEIGHT }));
    this.#sizes.observe(place);
    this.#dark.addEventListener('change', this.#redraw);
    this.#themes = new MutationObserver(this.#redraw);
    this.#themes.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  }

  /** As many series as before. */
  show(columns: PlottedColumns): void {
    this.#ticks = columns.ticks;
    this.#plot.setData(stacked(columns));
  }

  end(): void {
    this.#sizes.disconnect();
    this.#themes.disconnect();
    this.#dark.removeEventListener('change', this.#redraw);
    this.#plot.destroy();
  }

  #width(): number {
    return Math.max(120, Math.floor(this.#place.clientWidth));
  }

  /** As many as there is room for. */
  #shownTicks(): number[] {
    const all = this.#ticks.flatMap((tick, column) => (tick === null ? [] : [column]));
    const room = Math.max(1, Math.floor((this.#width() - 40) / TICK_SPACE));
    const each = Math.ceil(all.length / room);
    return all.filter((_, i) => i % each === 0);
  }

  /** What the style sheet says at the moment: a canvas does not know its words. */
  #color(property: string): string {
    const probe = document.createElement('span');
    probe.style.color = `var(${property})`;
    this.#place.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  }
}

/** The highest first: those before it are drawn over it. */
function stacked({ series, ticks }: PlottedColumns): uPlot.AlignedData {
  let below: readonly number[] = [];
  const layers: number[][] = [];
  for (const { values } of series) {
    const layer = values.map((value, i) => value + (below[i] ?? 0));
    layers.unshift(layer);
    below = layer;
  }
  return [ticks.map((_, i) => i), ...layers];
}

const brief = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const briefly = (count: number) => brief.format(count);
