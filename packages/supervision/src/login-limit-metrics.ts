import type { LoginLimitFigures } from '@postel/directory';
import { Counter, Gauge, type Registry } from 'prom-client';

/** Registers metrics of who may not log in, which are measured when somebody asks for them. */
export function measureLoginLimits(limits: LoginLimitFigures, register: Registry): void {
  const registers = [register];
  new Gauge({
    name: 'postel_login_limited_networks',
    help: 'Networks from which too many logins have failed, as far as the process knows.',
    registers,
    collect() {
      this.set(limits.countBlocked());
    },
  });
  new Counter({
    name: 'postel_login_limited_total',
    help: 'Logins refused because too many had failed from their network.',
    registers,
    collect() {
      this.reset();
      this.inc(limits.refusals);
    },
  });
}
