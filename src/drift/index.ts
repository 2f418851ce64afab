/** What other modules may import of drift; everything else in this folder is its own. */

export { adoptDeployment, endDeclaration } from './declarations.ts';
export { driftStanding, driftSummary } from './summary.ts';
export { fileLineage, importDocument } from './terraform/import-document.ts';
export { readTerraform, type TerraformNote, type TerraformReading } from './terraform/read-terraform.ts';
