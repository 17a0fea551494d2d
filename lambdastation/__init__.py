"""The LambdaStation door: tickets for an alternate network path, asked for over SOAP.

After "Lambda Station: Alternate Network Path Forwarding for Production SciDAC Applications" (CHEP 2007);
where the slides are silent the design is ours. `site` says what a site has, `admission` reads a request
against it, `steering` says what the devices shall carry, `tickets` does it in one transaction, `wire`,
`soap` and `export` put it into SOAP.

Only this package says "ticket". It may use `reservation`, `store` and the values of `netconfig.intent`;
it never reaches a device, a driver or a credential.
"""
