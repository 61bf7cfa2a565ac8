import { safeText } from '../safe-text.ts';

/** What mail says, or somebody has typed, as it may be shown: neither it nor what stands around it passes for something else. */
export const Said = ({ children }: { children: string }) => <bdi>{safeText(children)}</bdi>;
