"""The published contracts: WSDL and XSD of the SOAP service, JSON Schema of the site file. Data only.

All are exported from the code (`lambdastation.export`, `pathservice.sitefile`); a test keeps them equal.
"""
