import type { Droplet } from './entities.ts';
import type { World } from './world.ts';

/**
 * An action on a droplet locks it until it completes; its effect is lost with the droplet. One that erred has
 * no effect but `unmade`.
 */
export function actOn(
  world: World,
  droplet: Droplet,
  type: string,
  seconds: number,
  effect: () => void,
  unmade: () => void = () => {},
): void {
  droplet.inFlight++;
  world.droplets.touch();
  const { id, region } = droplet;
  world.act({ type, resourceType: 'droplet', resourceId: id, region, seconds }, (errored) => {
    droplet.inFlight--;
    if (world.droplets.get(id) !== droplet) return;
    if (errored) unmade();
    else effect();
    world.droplets.touch();
  });
}
