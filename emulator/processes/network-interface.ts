// A process in a VPC has a network interface: its address in a subnet, from which all its calls come.

export interface NetworkInterface {
  readonly vpcId: string;
  readonly subnetId: string;
  readonly ip: string;
  /** Gives the address back to the subnet. */
  release(): void;
}

/** The network as the services that place processes in it use it. */
export interface Subnets {
  /** Takes a free address of the subnet, for an interface in these security groups; throws an AwsError where it cannot. */
  attach(subnetId: string, securityGroupIds: readonly string[]): NetworkInterface;
  /** Throws an AwsError where there is no such subnet. */
  subnetOf(subnetId: string): { readonly vpcId: string };
}
