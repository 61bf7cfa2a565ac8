interface Day {
  readonly day: string;
  readonly passed: number;
  readonly failed: number;
}

/** What passed and what failed, one upon the other, day by day. */
export function DayColumns({ days, label }: { days: readonly Day[]; label: string }) {
  const most = Math.max(1, ...days.map(({ passed, failed }) => passed + failed));
  const width = 240 / Math.max(1, days.length);
  const heightOf = (count: number) => (count === 0 ? 0 : Math.max(1.5, (count / most) * 54));
  return (
    <svg class="chart" viewBox="0 0 240 60" preserveAspectRatio="none" role="img" aria-label={label}>
      <line class="axis" x1="0" x2="240" y1="59.5" y2="59.5" />
      {days.map(({ day, passed, failed }, i) => {
        const x = i * width + 0.6;
        const below = heightOf(passed);
        const above = heightOf(failed);
        return (
          <g key={day}>
            <title>{`${day}: ${passed} passed, ${failed} failed`}</title>
            <rect class="fill-1" x={x} y={59 - below} width={width - 1.2} height={below} />
            <rect class="fill-bad" x={x} y={59 - below - above} width={width - 1.2} height={above} />
          </g>
        );
      })}
    </svg>
  );
}
