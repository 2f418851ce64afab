import type { Act, Effect } from '../provisioner.ts';
import { idFrom } from './kinds/fields.ts';
import { field } from './paginate.ts';

type There = Extract<Effect, { is: 'there' }>;

/** What the thing that is acted on shows of it. A snapshot and a policy are shown elsewhere. */
export function readEffect(act: Act, item: unknown): There {
  const size = field(item, 'size_slug');
  return {
    is: 'there',
    reached: isReached(act, item),
    locked: field(item, 'locked') === true,
    made: null,
    size: typeof size === 'string' ? size : null,
  };
}

function isReached(act: Act, item: unknown): boolean | null {
  switch (act.on) {
    case 'project':
      return null;
    case 'volume': {
      const droplets = field(item, 'droplet_ids');
      const isAttached = Array.isArray(droplets) && droplets.some((id) => String(id) === act.droplet);
      return isAttached === (act.do === 'attach');
    }
    case 'reserved_ip': {
      const holder = idFrom('id')(field(item, 'droplet'));
      return act.do === 'assign' ? holder === act.droplet : holder === null;
    }
    case 'droplet':
      return isDropletSo(act, item);
  }
}

function isDropletSo(act: Extract<Act, { on: 'droplet' }>, item: unknown): boolean | null {
  switch (act.do) {
    case 'shutdown':
    case 'power_off':
      return field(item, 'status') === 'off';
    case 'power_on':
      return field(item, 'status') === 'active';
    case 'resize':
      return field(item, 'size_slug') === act.size;
    case 'enable_backups': {
      const features = field(item, 'features');
      return Array.isArray(features) && features.includes('backups');
    }
    default:
      return null;
  }
}
