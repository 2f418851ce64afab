import type { UnitOfWork } from '../platform/database/database.ts';
import type { Declaration, DeclarationOrigin } from './declaration.ts';
import { selectDeclarations, selectDeclared, selectVersions } from './declarations.store.ts';
import { declarationMisplaced, declarationOfOtherState, declarationOlder, declarationShrinks } from './errors.ts';
import { type DeclaredPlace, selectMisplaced } from './imports.store.ts';

// What a file that was read may not do to a declaration that there is: a file is only what somebody had at hand.

/** So many of them are named in an error. */
const namedMax = 5;

/** Stands before the name of a file that does not say of which state it is. */
const ofFile = 'file:';

/**
 * @param force also what is older, or leaves less than half
 * @throws ArcadiaError declaration_of_other_state, declaration_older, declaration_shrinks
 */
export async function assertImportable(trx: UnitOfWork, declaration: Declaration, force: boolean): Promise<void> {
  const { declaration: slug, resources, origin } = declaration;
  if (origin === undefined || !origin.source.startsWith('terraform')) return;
  const [held] = await selectDeclarations(trx, slug);
  if (held === undefined) return;
  // What came from a plan in between does not hide which state it is of, nor how old that was.
  const state = (await selectVersions(trx, slug)).find((version) => isOfState(version.origin))?.origin;
  if (state !== undefined && isOfState(origin)) assertSameState(slug, state, origin, force);
  if (force) return;
  const known = new Set((await selectDeclared(trx, held.declarationId)).map(({ address }) => address));
  const kept = resources.filter(({ address }) => known.has(address)).length;
  // As after a refresh with bad credentials, which empties a state.
  if (kept * 2 < known.size)
    throw declarationShrinks(`Declaration ${slug} has ${known.size} resources, and this leaves ${kept} of them.`);
}

function isOfState({ lineage }: Pick<DeclarationOrigin, 'lineage'>): boolean {
  return lineage !== null && !lineage.startsWith(ofFile);
}

type OfState = Pick<DeclarationOrigin, 'lineage' | 'serial'>;

function assertSameState(slug: string, held: OfState, origin: OfState, force: boolean): void {
  if (held.lineage !== origin.lineage)
    throw declarationOfOtherState(
      `Declaration ${slug} is of the state with lineage ${held.lineage}; this is of lineage ${origin.lineage}.`,
    );
  if (!force && held.serial !== null && origin.serial !== null && origin.serial < held.serial)
    throw declarationOlder(
      `Declaration ${slug} was read from serial ${held.serial} of this state; this is serial ${origin.serial}.`,
    );
}

/** Whoever names a wrong account would be told that everything is missing. Throws declaration_misplaced. */
export async function assertPlaced(
  trx: UnitOfWork,
  slug: string,
  places: readonly DeclaredPlace[],
  now: Temporal.Instant,
): Promise<void> {
  const found = await selectMisplaced(trx, places, now, namedMax + 1);
  if (found.length === 0) return;
  const named = found.slice(0, namedMax).map(({ address, account }) => `${address} is in account ${account}`);
  const more = found.length > namedMax ? ', and more' : '';
  throw declarationMisplaced(
    `Declaration ${slug} has resources in an account that they are not in: ${named.join(', ')}${more}.`,
  );
}
