import { ContainerRegister } from '../../sandbox/container-register.ts';
import type { ContainerRecord } from '../../sandbox/container-register.ts';
import type { StoreReader } from '../../store/store.ts';
import { pass, warn } from './check.ts';
import type { Check, Finding, Hands, NotRepaired } from './check.ts';
import type { Patient } from './patient.ts';
import { isOver } from './process-checks.ts';

/** Containers that outlived what they were started for. */
export const containerChecks: readonly Check[] = [
  { id: 'containers', requires: ['store'], looksAt: ['reading'], examine: examineContainers, repair: endOrphans },
];

async function examineContainers(patient: Patient): Promise<Finding> {
  const { directory } = patient.know('places');
  const { reader } = patient.know('reading');
  const orphans = await findOrphans(directory, reader);
  if (orphans.length === 0) return pass('none has outlived its attempt');
  const names = orphans.map(({ name }) => name).join(', ');
  return warn(
    `${orphans.length} ${orphans.length === 1 ? 'container' : 'containers'} may have outlived an attempt, a gate or the train: ${names}`,
    'yard doctor --repair ends them.',
    'A lane in which one may run is not used again until its engine says that it is gone.',
  );
}

async function findOrphans(stateDirectory: string, reader: StoreReader): Promise<ContainerRecord[]> {
  const records = new ContainerRegister(stateDirectory).records();
  const leases = records.length === 0 ? [] : await reader.leases();
  const prefix = `${stateDirectory}:`;
  return records.filter(({ marker }) => marker.startsWith(prefix) && isOver(marker.slice(prefix.length), leases));
}

async function endOrphans(_: Patient, { yard }: Hands): Promise<(string | NotRepaired)[]> {
  const register = new ContainerRegister(yard.stateDirectory);
  const lines: (string | NotRepaired)[] = [];
  for (const record of await findOrphans(yard.stateDirectory, yard.store)) {
    const left = await register.endOne(record);
    const { name, engine } = record;
    lines.push(
      left.length === 0
        ? `container ${name} was ended`
        : { notRepaired: `container ${name} could not be ended: ${engine.program} does not say that it is gone` },
    );
  }
  return lines;
}
