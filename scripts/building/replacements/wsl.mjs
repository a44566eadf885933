/** What @oclif/core uses of wsl-utils, without what it takes to start PowerShell from WSL. */
export { default as isWsl } from 'is-wsl';

export const powerShellPath = async () => (await import('wsl-utils')).powerShellPath();
