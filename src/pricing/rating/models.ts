import { z } from 'zod';
import { Decimal } from '../../platform/quantity.ts';
import type { Charged } from './charge.ts';
import { costPlusProperties, costPlusUnitPrice, rateCostPlus } from './cost-plus.ts';
import { graduatedProperties, rateGraduated } from './graduated.ts';
import { packageProperties, ratePackage } from './package.ts';
import { percentageProperties, ratePercentage } from './percentage.ts';
import { rateStairstep, stairstepProperties } from './stairstep.ts';
import { rateStandard, standardProperties } from './standard.ts';
import { rateVolume, volumeProperties } from './volume.ts';

interface ChargeModel<Properties extends z.ZodType> {
  /** One sentence for people. */
  readonly about: string;
  readonly properties: Properties;
  /** What units (zero or more) cost, exactly. */
  readonly rate: (properties: z.output<Properties>, units: Decimal) => Charged;
  /** The price of one unit, where every unit costs the same. */
  readonly unitPrice?: (properties: z.output<Properties>) => Decimal;
}

function chargeModel<Properties extends z.ZodType>(model: ChargeModel<Properties>): ChargeModel<Properties> {
  return model;
}

/** Every way to charge for units. */
export const chargeModels = {
  standard: chargeModel({
    about: 'Every unit costs the same.',
    properties: standardProperties,
    rate: rateStandard,
    unitPrice: (properties) => new Decimal(properties.unitPrice),
  }),
  graduated: chargeModel({
    about: "Each tier's units cost that tier's price; a tier's flat fee is due once it is reached.",
    properties: graduatedProperties,
    rate: rateGraduated,
  }),
  volume: chargeModel({
    about: 'All units cost the price of the tier in which their total falls, with its flat fee.',
    properties: volumeProperties,
    rate: rateVolume,
  }),
  package: chargeModel({
    about: 'Units are sold in whole packages; one that is begun is paid.',
    properties: packageProperties,
    rate: ratePackage,
  }),
  percentage: chargeModel({
    about: 'A percentage of the units, where these are money, with a fixed part and a minimum.',
    properties: percentageProperties,
    rate: ratePercentage,
  }),
  stairstep: chargeModel({
    about: 'One flat fee for the tier in which the total falls, whatever the units.',
    properties: stairstepProperties,
    rate: rateStairstep,
  }),
  'cost-plus': chargeModel({
    about: "The provider's price for a unit, with a markup.",
    properties: costPlusProperties,
    rate: rateCostPlus,
    unitPrice: costPlusUnitPrice,
  }),
} as const;

/** An object that has a charge model with its properties, and `others` beside them. */
export function chargeWith<Others extends z.ZodRawShape>(others: Others) {
  return z.discriminatedUnion(
    'model',
    [
      z.strictObject({ ...others, model: z.literal('standard'), properties: standardProperties }),
      z.strictObject({ ...others, model: z.literal('graduated'), properties: graduatedProperties }),
      z.strictObject({ ...others, model: z.literal('volume'), properties: volumeProperties }),
      z.strictObject({ ...others, model: z.literal('package'), properties: packageProperties }),
      z.strictObject({ ...others, model: z.literal('percentage'), properties: percentageProperties }),
      z.strictObject({ ...others, model: z.literal('stairstep'), properties: stairstepProperties }),
      z.strictObject({ ...others, model: z.literal('cost-plus'), properties: costPlusProperties }),
    ],
    { error: `must be one of ${Object.keys(chargeModels).join(', ')}` },
  );
}

const chargeSchema = chargeWith({});
/** A charge model with its properties. */
export type Charge = z.output<typeof chargeSchema>;

/** What units cost under a charge, exactly. */
export function rateCharge(charge: Charge, units: Decimal): Charged {
  const model = chargeModels[charge.model] as ChargeModel<z.ZodType>;
  return model.rate(charge.properties, units);
}

/** The price of one unit, or null where units differ in price. */
export function unitPriceOf(charge: Charge): Decimal | null {
  const model = chargeModels[charge.model] as ChargeModel<z.ZodType>;
  return model.unitPrice?.(charge.properties) ?? null;
}
