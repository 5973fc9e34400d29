using System;
