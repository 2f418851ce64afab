import type { Lane, LaneMark, LanePart } from '../charts/Lanes.tsx';
import type { Life } from './read.ts';

type Owners = Life['lanes']['owner'][number]['owners'];

export function ownersText(owners: Owners): string {
  return owners
    .map(({ name, weight, weightTotal }) => (weight === weightTotal ? name : `${name} ${weight}/${weightTotal}`))
    .join(', ');
}

/** The provider's name of a size, else what says how large it is. */
export function sizeText(facts: Life['lanes']['size'][number]['size']): string {
  return facts.size_slug ?? (Object.values(facts).join(' ') || 'none');
}

function look(source: string): LanePart['look'] {
  return source === 'assumed' ? 'assumed' : 'plain';
}

/** A life as lanes are drawn, as long as it lasted; a lane of which nothing is known is left out. */
export function lanesOf({ status, lanes: { state, size, project, owner, tags }, expectsOwner }: Life): readonly Lane[] {
  const end = status === null ? (state.at(-1)?.to ?? null) : null;
  const isSized = size.some(({ size: facts }) => Object.keys(facts).length > 0);
  const isTagged = tags.some(({ tags: own }) => own.length > 0);
  const lanes: readonly Lane[] = [
    {
      name: 'State',
      parts: state.map(({ from, to, status, source }) => ({ from, to, text: status || 'there', look: look(source) })),
    },
    {
      name: 'Size',
      parts: isSized
        ? size.map(({ from, to, size: facts, source }) => ({
            from,
            to,
            text: sizeText(facts),
            look: look(source),
          }))
        : [],
    },
    {
      name: 'Owner',
      parts: (expectsOwner || owner.some(({ owners }) => owners.length > 0) ? owner : []).map(
        ({ from, to, owners }) => ({
          from,
          to,
          text: owners.length === 0 ? 'Unassigned' : ownersText(owners),
          look: owners.length === 0 ? ('nobody' as const) : ('plain' as const),
        }),
      ),
    },
    {
      name: 'Project',
      parts: project.map(({ from, to, projectName: text, source }) => ({ from, to, text, look: look(source) })),
    },
    {
      name: 'Tags',
      parts: isTagged
        ? tags.map(({ from, to, tags: own, source }) => ({
            from,
            to,
            text: own.length === 0 ? 'none' : own.join(', '),
            look: look(source),
          }))
        : [],
    },
  ];
  return lanes.map(({ name, parts }) => ({ name, parts: parts.map((part) => ({ ...part, to: part.to ?? end })) }));
}

export function marksOf({ actions }: Life): readonly LaneMark[] {
  return actions.flatMap(({ type, completedAt, startedAt }) => {
    const at = completedAt ?? startedAt;
    return at === null ? [] : [{ at, text: type.replaceAll('_', ' ') }];
  });
}
