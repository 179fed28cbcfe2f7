<?xml version="1.0" encoding="utf-8"?>
<!-- Takes out of the views what is there for people only: PowerShell reads and keeps each blank between two elements at every import. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="xml" encoding="utf-8" indent="no" />
  <xsl:strip-space elements="*" />
  <xsl:preserve-space elements="Text ScriptBlock" />
  <xsl:template match="comment()" />
  <xsl:template match="@* | node()">
    <xsl:copy>
      <xsl:apply-templates select="@* | node()" />
    </xsl:copy>
  </xsl:template>
</xsl:stylesheet>
