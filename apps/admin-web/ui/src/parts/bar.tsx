/** A part of a whole, with a name. */
export interface Portion {
  readonly name: string;
  readonly amount: number;
}

interface BarProps {
  readonly portions: readonly Portion[];
  /** What the full width stands for. */
  readonly whole: number;
  /** Says in words what is to be seen. */
  readonly label: string;
}

/** The parts of a whole side by side. */
export function Bar({ portions, whole, label }: BarProps) {
  let start = 0;
  return (
    <div class="bar">
      <svg viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label={label}>
        {portions.map(({ name, amount }, i) => {
          const width = whole === 0 ? 0 : Math.min(1_000 - start, (amount / whole) * 1_000);
          const x = start;
          start += width;
          return <rect key={name} x={x} y="0" width={Math.max(width - 1, 0.5)} height="10" class={fillOf(i)} />;
        })}
      </svg>
    </div>
  );
}

export const fillOf = (i: number) => `fill-${(i % 6) + 1}`;
