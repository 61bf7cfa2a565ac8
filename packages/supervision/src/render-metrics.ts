import { AggregatorRegistry } from 'prom-client';
import type { MetricsJson } from './messages.ts';

export interface ProcessMetrics {
  readonly process: string;
  readonly metrics: MetricsJson;
}

/**
 * Writes the metrics of several processes as one Prometheus text: each sample bears the label `process`, so that
 * nothing is summed that a query could not take apart again.
 */
export function renderMetrics(processes: readonly ProcessMetrics[]): Promise<string> {
  const labelled = processes.map(({ process, metrics }) =>
    metrics.map((metric) => ({
      ...metric,
      // With the process among its labels no two samples are alike: 'sum' keeps each, and also what Node's default
      // metrics mark as 'omit', such as the start time.
      aggregator: 'sum' as const,
      values: metric.values.map((sample) => ({ ...sample, labels: { ...sample.labels, process } })),
    })),
  );
  return AggregatorRegistry.aggregate(labelled).metrics();
}
