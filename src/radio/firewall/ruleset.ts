/** Whom the firewall keeps to the agent. */
export interface FirewallSettings {
  /** The interface of the onboarding network. */
  readonly onboardingInterface: string;
  /** The agent's ports, TCP. */
  readonly ports: readonly number[];
  /** Whether stations of the main network are on a bridge, past the machine's own routing. */
  readonly bridged: boolean;
}

/**
 * Rules for nftables 1.0.6 and later, which replace those that it loaded before. Devices on the onboarding network,
 * and stations in the set `restricted` on whichever interface, reach the agent's ports and DHCP on this machine by IPv4,
 * and nothing else anywhere; connections that they have already are cut. Each rule counts. `remarks` are put at
 * the top, a comment each.
 */
export function firewallRuleset({ onboardingInterface, ports, bridged }: FirewallSettings, remarks: readonly string[] = []): string {
  const comments = remarks.map((line) => (line === '' ? '#\n' : `# ${line}\n`)).join('');
  return `${comments}add table inet latchkey
delete table inet latchkey
table inet latchkey {
	set restricted {
		type ether_addr
	}

	chain agent_only {
		meta nfproto ipv4 udp dport 67 counter accept
		meta nfproto ipv4 tcp dport { ${ports.join(', ')} } counter accept
		counter drop
	}

	chain input {
		type filter hook input priority filter - 10; policy accept;
		iifname "${onboardingInterface}" jump agent_only
		ether saddr @restricted jump agent_only
	}

	chain forward {
		type filter hook forward priority filter - 10; policy accept;
		iifname "${onboardingInterface}" counter drop
		oifname "${onboardingInterface}" counter drop
		ether saddr @restricted counter drop
	}
}
${bridged ? bridgeRules : ''}`;
}

/** DHCP may be answered by another machine on the bridge, which finds the station by ARP. */
const bridgeRules = `
add table bridge latchkey
delete table bridge latchkey
table bridge latchkey {
	set restricted {
		type ether_addr
	}

	chain dhcp_only {
		ether type arp counter accept
		ether type ip udp sport { 67, 68 } udp dport { 67, 68 } counter accept
		counter drop
	}

	chain forward {
		type filter hook forward priority filter - 10; policy accept;
		ether saddr @restricted jump dhcp_only
		ether daddr @restricted jump dhcp_only
	}
}
`;
